from tests.privacy.protocol.worlds import sealing

__all__ = ["sealing"]
