"""Lines for a person: at a terminal folded to its width, in a pipe as they are."""

from rich.console import Console
from rich.text import Text

from crossrole.printing import wrapped


def folded(text: str, width: int) -> list[str]:
    """Return a line as lines of this width; only an ARN or a command makes one wider."""
    return wrapped("", text, width, indent=0) or [""]


def print_prose(console: Console, text: str) -> None:
    """Print lines, at a terminal folded between words; a pipe gets them as they are."""
    if console.is_terminal:
        text = "\n".join(line for each in text.split("\n") for line in folded(each, console.width))
    print_whole(console, text)


def print_whole(console: Console, text: str | Text, *, end: str = "\n") -> None:
    """Print lines that are to be copied, such as commands: nothing is folded."""
    console.print(Text.assemble(text), soft_wrap=True, end=end)
