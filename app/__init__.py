"""BridgeNet Studio: the network in the browser. Start it with `python app/main.py`."""
