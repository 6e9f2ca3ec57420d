"""`scopix chat`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from failwell.cli import named, remark
from scopix.cli.tool import Session, command

if TYPE_CHECKING:
    from failwell.cli import Columns
    from scopix.models import ChatMessage, ChatSession

app = typer.Typer(name="chat", help="Questions about what was uploaded.", no_args_is_help=True)

MISSING = "Verify the id with `scopix chat sessions`."

COLUMNS: Columns[ChatSession] = {
    "ID": lambda session: session.id,
    "TITLE": lambda session: session.title,
    "CREATED": lambda session: session.created_at,
}
MESSAGES: Columns[ChatMessage] = {
    "ID": lambda message: message.id,
    "WHO": lambda message: message.role,
    "TEXT": lambda message: message.content,
}


@app.command()
@command(MISSING)
def ask(
    session: Session,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What you want to know.")],
    chat: Annotated[
        str | None, typer.Option("--session", metavar="SESSION_ID", help="Go on with this session.")
    ] = None,
) -> None:
    """Ask something, and print the answer as it is made."""
    if chat is None:
        chat = session.client.chat.create_session(question[:60]).id
        remark(f"Session {chat}")
    for piece in session.client.chat.stream(chat, question):
        sys.stdout.write(piece)
        sys.stdout.flush()
    sys.stdout.write("\n")


@app.command()
@command()
def sessions(session: Session) -> None:
    """List the sessions, newest first."""
    session.show_all(session.client.chat.list_sessions(), COLUMNS, empty="There are no sessions.")


@app.command()
@command(MISSING)
def messages(
    session: Session, chat: Annotated[str, typer.Argument(metavar="SESSION_ID", callback=named, help="Its id.")]
) -> None:
    """List what was said in a session."""
    session.show_all(session.client.chat.messages(chat), MESSAGES, empty="Nothing was said.")
