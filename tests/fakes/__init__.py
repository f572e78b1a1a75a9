"""Stand-ins for what runs on other machines; they speak real HTTP on loopback."""
