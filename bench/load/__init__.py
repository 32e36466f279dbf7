"""What loads a principal: prepared agents, the generator that plays them, and the servers that are measured."""
