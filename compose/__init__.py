"""How the parts are put together: the local stack of real programs behind `make up`."""
