# The assistant as a server: docker build -t assistant . && docker run -p 8000:8000 -e ASSISTANT_API_KEYS=... -v assistant:/data assistant
FROM python:3.11-slim AS build
WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY assistant assistant
COPY corpus corpus
COPY prompts prompts
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir -c constraints.txt .

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 assistant && install -d -o assistant /data
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH ASSISTANT_HOME=/data PYTHONUNBUFFERED=1
USER assistant
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
STOPSIGNAL SIGTERM
CMD ["assistant", "serve", "--host", "0.0.0.0", "--port", "8000"]
