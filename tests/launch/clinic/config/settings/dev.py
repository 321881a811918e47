"""Two settings, read like the real ones."""

import os

from config.env import Env

env = Env(os.environ)
SECRET_KEY = env.text("SECRET_KEY", minimum_length=50)
IDLE = env.integer("SESSION_IDLE_MINUTES", default=15, minimum=1)
DATABASE = env.database("DATABASE_URL")
env.stop_if_bad()
