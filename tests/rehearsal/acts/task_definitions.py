def under_plain_docker(stage): pass
