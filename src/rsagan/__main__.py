"""`python -m rsagan` is the `rsagan` command."""

import sys

from rsagan.cli.main import main

sys.exit(main())
