def http_contract(stage): pass
