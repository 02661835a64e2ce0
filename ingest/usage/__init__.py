"""Evidence of usage in: pods as their clusters' agents show them, builds as their builder signs them."""
