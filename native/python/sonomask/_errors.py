"""The only kind of error that this package raises on purpose."""

from __future__ import annotations


class SonomaskError(Exception):
    """Why something failed.

    ``code`` is one of:

    * from the library: ``argument`` (a wrong argument), ``memory``, ``image-empty``, ``image-format``,
      ``image-too-large``, ``image-too-small``, ``weights`` (damaged, or not a file of this program);
    * from this package: ``io`` (a file cannot be read), ``load-library`` (this package has no library for the
      platform, or a damaged one), ``no-prompts`` (the weights take no clicks), ``closed`` (the image was closed),
      ``disposed`` (the model was released).

    The message is one line. For a file it begins with the path.
    """

    code: str

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


def refused(message: str) -> SonomaskError:
    """An error with the code ``argument``."""
    return SonomaskError("argument", message)
