"""Fluent Bit on every node: containers' lines with their pod's labels, acknowledged by the region's Vector."""

from __future__ import annotations

from rules.render import document


def configuration() -> dict[str, object]:
    """The configuration as plain data."""
    return {
        "service": {
            "flush": 1,
            "http_server": "on",
            "http_port": 2020,
            "storage.path": "/var/lib/fluent-bit/storage",
            "storage.max_chunks_up": 64,
        },
        "pipeline": {
            "inputs": [
                {
                    "name": "tail",
                    "tag": "kube.*",
                    "path": "/var/log/containers/*.log",
                    "multiline.parser": "docker, cri",
                    "db": "/var/lib/fluent-bit/tail.db",
                    "mem_buf_limit": "16MB",
                    "skip_long_lines": "on",
                    "storage.type": "filesystem",
                }
            ],
            "filters": [
                {
                    "name": "kubernetes",
                    "match": "kube.*",
                    "kube_tag_prefix": "kube.var.log.containers.",
                    "labels": "on",
                    "annotations": "off",
                    "merge_log": "off",
                    "use_kubelet": "on",
                    "kubelet_port": 10250,
                    # By default never refreshed: a StatefulSet's pod would keep the labels of the one before.
                    "kube_meta_cache_ttl": 60,
                    "cache_use_docker_id": "on",
                    # By default 32k: the labels of a big pod would be lost without a word.
                    "buffer_size": 0,
                    "k8s-logging.parser": "off",
                    # An annotation of a customer's pod hides no line.
                    "k8s-logging.exclude": "off",
                }
            ],
            "outputs": [
                {
                    "name": "forward",
                    "match": "kube.*",
                    "host": "${VECTOR_HOST}",
                    "port": 24224,
                    "compress": "gzip",
                    "require_ack_response": "on",
                    "retry_limit": "no_limits",
                    "tls": "on",
                    "tls.verify": "on",
                    "tls.ca_file": "/etc/fluent-bit/tls/ca.pem",
                    "tls.crt_file": "/etc/fluent-bit/tls/client.pem",
                    "tls.key_file": "/etc/fluent-bit/tls/client.key",
                }
            ],
        },
    }


def render() -> str:
    """The configuration as Fluent Bit's YAML."""
    return document.render("Containers' log lines to the region's Vector (Fluent Bit on every node).", configuration())
