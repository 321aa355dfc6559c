"""`rsagan web`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import UseAppendAction, arg

from rsagan.cli.console import Console
from rsagan.cli.options import Size, Weights


@dataclass(frozen=True)
class Web:
    """Open the page and the HTTP service; on this machine only, unless told otherwise."""

    host: str = "127.0.0.1"
    """Address to listen on; another than this machine's own needs --token-file or --demo."""
    port: int = 8000
    """Port to listen on; 0 takes a free one."""
    token_file: Annotated[Path | None, arg(metavar="PATH", help_behavior_hint="(default: none)")] = None
    """File with the secret that clients must show."""
    name: UseAppendAction[tuple[str, ...]] = ()
    """A host name under which others reach it, through a reverse proxy for example; may be given again."""
    demo: bool = False
    """Offer the built-in samples only; nothing can be uploaded."""
    weights: Weights = None
    """Weights to use instead of the ones that come with the package."""
    size: Size = "256x176"
    """Height and width that photos are fitted to."""

    def run(self, console: Console) -> None:
        from rsagan import assets
        from rsagan.errors import InputError
        from rsagan.jobs import check_weights, parse_size
        from rsagan.web.listener import listen
        from rsagan.web.settings import Settings, read_token

        token = read_token(self.token_file) if self.token_file else None
        size = parse_size(self.size)
        settings = Settings(self.host, self.port, token, self.name, self.demo, self.weights, size=size)
        check_weights(size, self.weights)
        with listen(self.host, self.port) as listener:  # before anything that takes long
            try:
                from rsagan.web.server import run
            except ImportError as error:
                raise InputError(
                    f'{error.name} is missing; `pip install "rsagan[web]"` brings what the page needs.'
                ) from error
            for name in ("pose-detection", "pose-landmark"):
                assets.fetch(name, console.note)
            where = f"[{self.host}]" if ":" in self.host else self.host
            page = f"http://{where}:{listener.getsockname()[1]}"
            run(settings, listener, lambda: console.note(f"The page is at {page} (Ctrl-C ends it)."))
