"""Dressed people on demand: pictures of many identities with exact joints, regions and surface coordinates."""

from rsagan.synthetic.catalogue import Identity, contact_sheet, identity, render_view
from rsagan.synthetic.scene import View

__all__ = ["Identity", "View", "contact_sheet", "identity", "render_view"]
