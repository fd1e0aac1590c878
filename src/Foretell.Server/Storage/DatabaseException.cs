namespace Foretell.Server.Storage;

/// <summary>The database can't be opened, or is not one that this program reads; the message says which and what to do, and holds no password.</summary>
public sealed class DatabaseException(string message, Exception? inner = null) : IOException(message, inner);
