# The package with all it can do on a CPU, and the checkout it came from:
#   docker build -t rnnbench . && docker run --rm -it -v "$PWD/runs:/rnnbench/runs" rnnbench list
# For a GPU: docker build --build-arg TORCH=https://download.pytorch.org/whl/cu128 ..., docker run --gpus all ...
FROM python:3.13-slim

ARG TORCH=https://download.pytorch.org/whl/cpu
# The compiler is for the native engine; without it everything runs, more slowly.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ make git \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /rnnbench
COPY pyproject.toml README.md LICENSE Makefile constraints.txt ./
COPY rnnbench rnnbench
COPY configs configs
COPY data data
RUN pip install --no-cache-dir --index-url "$TORCH" "torch>=2.8,<3" \
    && pip install --no-cache-dir --editable ".[baselines,export,graphs,hub,speech,tune]"

# The server of `rnnbench serve --host 0.0.0.0`.
EXPOSE 8000
ENTRYPOINT ["rnnbench"]
CMD ["--help"]
