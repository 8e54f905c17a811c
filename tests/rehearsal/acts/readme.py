def words(stage): pass
