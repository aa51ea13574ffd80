"""`torchrun every_config.py PACK MIX CONFIG...`: train by each config in turn, in one start of the processes; for tests.

The output of a config is the folder of its file.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from stages.train.__main__ import main

if __name__ == "__main__":
    pack, mix, *configs = sys.argv[1:]
    codes = [main([config, pack, mix, str(Path(config).parent)]) for config in configs]
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(max(codes))
