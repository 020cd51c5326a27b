"""The engines that decide and prove, each a process of its own."""
