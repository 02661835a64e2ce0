"""A simulated Kubernetes cluster: its pods as a function of time, and what its exporters say of them."""
