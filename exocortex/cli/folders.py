"""`exo init` and `exo folders`: which folders of notes are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from exocortex.cli.arguments import Command, common_options, json_option, pass_face
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, NOTHING, Face
from exocortex.core.counting import counted
from exocortex.core.wire import document

if TYPE_CHECKING:
    from exocortex.config import Added
    from exocortex.storage.vault import Scan

_FIRST = "Type: exo init ~/notes"


@click.command("init", cls=Command)
@click.argument("folder")
@json_option
@pass_face
def init_command(face: Face, folder: str, as_json: bool) -> int:
    """Point Exocortex at FOLDER of notes. Again, with another one, adds it.

    \b
    exo init ~/notes
    exo init ~/wiki

    Nothing is written into the folder.
    """
    from exocortex.config import add_folder
    from exocortex.storage.vault import scan

    config = face.config()
    added = add_folder(config, folder)
    found = scan(added.folder, config.index.ignore)
    if as_json:
        face.console.json(_document(added, found))
    else:
        _paint_added(face, added, found)
    return DONE


@click.group("folders", invoke_without_command=True, params=common_options())
@json_option
@pass_face
@click.pass_context
def folders_command(ctx: click.Context, face: Face, as_json: bool) -> int | None:
    """The folders of notes.

    \b
    exo folders
    exo folders remove wiki
    """
    if ctx.invoked_subcommand is not None:
        return None
    folders = face.config().folders
    if as_json:
        face.console.json(document(folders))
    elif not folders:
        face.console.notice(Span(f"There is no folder of notes yet. {_FIRST}"))
    else:
        face.console.rows([[Span(one.name, "strong"), Span(str(one.root), "accent", str(one.root))] for one in folders])
    return DONE if folders else NOTHING


@folders_command.command("remove", cls=Command)
@click.argument("name")
@pass_face
def remove_command(face: Face, name: str) -> int:
    """Look at folder NAME no more. Its files are not touched.

    \b
    exo folders remove wiki
    """
    from exocortex.config import remove_folder

    remove_folder(face.config(), name)
    face.console.line(Span(f"Folder {name} is looked at no more; its files are as they were."))
    face.console.notice(Span("To take it out of the index: exo index", "faint"))
    return DONE


def _paint_added(face: Face, added: Added, found: Scan) -> None:
    verb = "Added" if added.is_new else "Already there:"
    root = str(added.folder.root)
    face.console.line(
        Span(f"{verb} folder "), Span(added.folder.name, "strong"), Span("  "), Span(root, "accent", root)
    )
    parts = [counted(len(found.files), "note")]
    if found.skipped:
        parts.append(f"{counted(len(found.skipped), 'file')} that can't be read")
    if found.others:
        parts.append(counted(len(found.others), "other file"))
    face.console.line(Span(", ".join(parts)))
    for warning in found.warnings:
        face.console.notice(Span(warning, "warning"))
    if found.files:
        face.console.notice(Span("Next: ", "faint"), Span("exo index"))
    else:
        face.console.notice(Span("Notes are files that end in .md, .markdown or .txt.", "faint"))


def _document(added: Added, found: Scan) -> dict[str, object]:
    return document(
        {
            "folder": added.folder,
            "new": added.is_new,
            "notes": len(found.files),
            "skipped": len(found.skipped),
            "others": len(found.others),
        }
    )
