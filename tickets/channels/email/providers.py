def send_all(*a):
    raise NotImplementedError
