// The version, as commands, logs and status show it.

/// The version of this Weir.
public let weirVersion = "0.1.0"
