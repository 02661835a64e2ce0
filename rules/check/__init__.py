"""The checks on configurations: what they read, what each says, and how it is reported."""
