"""Notes the commands it was asked for; `fail` in the environment makes one of them fail."""

import os
import sys
from pathlib import Path

with Path("var/run/commands.txt").open("a") as out:
    out.write(f"{' '.join(sys.argv[1:])}\n")
if sys.argv[1] == "fill_demo":
    Path("var/run/sign-ins.txt").write_text("nurse@clinic.example  a-password\n")
if sys.argv[1] == os.environ.get("FAILING"):
    sys.exit("nothing to be done")
