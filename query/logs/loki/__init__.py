"""The part of Loki's API that Grafana's Loki data source calls, over the same reads as the log pages."""
