"""Dressed people on demand: pictures of many identities with exact joints, regions and surface coordinates."""

from rsagan.synthetic.catalogue import Identity, identity, render_view
from rsagan.synthetic.scene import View

__all__ = ["Identity", "View", "identity", "render_view"]
