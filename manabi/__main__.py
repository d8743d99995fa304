"""`python -m manabi` is the command line."""

import sys

from manabi.cli import main

sys.exit(main())
