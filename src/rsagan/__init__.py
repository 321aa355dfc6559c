"""RSA-GAN: show a person from one photo in another pose.

Importing this package loads nothing heavy; take what you need from its rooms (`rsagan.people`, `rsagan.photo`,
`rsagan.transfer`, ...).
"""

__version__ = "0.1.0"
