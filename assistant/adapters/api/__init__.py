"""The HTTP API: FastAPI over `Assistant`. `app.create_app` makes it."""
