using Microsoft.Data.Sqlite;

namespace Palisade.ApiServer.Storage;

/// <summary>A row as the database holds it.</summary>
internal readonly record struct Row(string Resource, string Namespace, string Name, long Version, byte[] Json);

/// <summary>A change as the database holds it: what undoes it. Before null: the object was created.</summary>
internal readonly record struct UndoRow(
    long Version,
    DateTimeOffset At,
    string Resource,
    string Namespace,
    string Name,
    byte[]? Before,
    long BeforeVersion);

/// <summary>Where the versions stand.</summary>
/// <param name="Next">No version up to here may be given out again.</param>
/// <param name="Compacted">Changes up to here are forgotten.</param>
internal readonly record struct Versions(long Next, long Compacted);

/// <summary>
/// The objects on disk: SQLite in WAL mode, the current state and the changes that led to it. synchronous=FULL: a write
/// is acknowledged when the log has reached the disk, so it survives a power cut, not only a killed process. One
/// connection, used by one thread at a time.
/// </summary>
/// <remarks>
/// Changes are kept as what undoes them, so that an object's state is written once. Each row carries a CRC-32C of
/// itself, since SQLite does not notice damage within a value. Versions are reserved ahead of their use: those that
/// were given out before a crash are never given out again, whether or not their writes reached the disk.
/// </remarks>
internal sealed class Database : IDisposable
{
    // More than can be on its way to the disk at once; what a crash skips.
    private const int Reserved = 1000;
    private readonly SqliteConnection _connection;
    private readonly DatabaseCommands _commands;

    private Database(string file, SqliteConnection connection)
    {
        File = file;
        _connection = connection;
        _commands = new DatabaseCommands(connection);
    }

    public string File { get; }

    /// <summary>Opens the database, or makes a new one; nothing of a file that is refused is changed.</summary>
    /// <exception cref="IOException">The file is not ours, is damaged, or cannot be read.</exception>
    public static Database Open(string file)
    {
        DatabaseFile.Check(file);
        // Pooling off, so that closing closes; the directory's lock keeps other servers away.
        var text = new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString();
        var connection = new SqliteConnection(text);
        try
        {
            connection.Open();
            System.IO.File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            DatabaseFile.Prepare(connection);
            return new Database(file, connection);
        }
        catch (SqliteException e)
        {
            connection.Dispose();
            throw DatabaseFile.Refusal(file, e);
        }
    }

    public Versions Versions()
    {
        using var command = DatabaseCommands.Of(_connection, "SELECT reserved, compacted FROM version");
        using var reader = command.ExecuteReader();
        reader.Read();
        return new Versions(reader.GetInt64(0), reader.GetInt64(1));
    }

    public IEnumerable<Row> Load()
    {
        using var command = DatabaseCommands.Of(
            _connection, "SELECT resource, namespace, name, version, json, sum FROM objects");
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var row = new Row(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetInt64(3), (byte[])reader[4]);
            if (RowSum.Of(row) != reader.GetInt64(5))
                throw new InvalidDataException($"{row.Resource} {row.Namespace}/{row.Name} is not as it was written");
            yield return row;
        }
    }

    /// <summary>The changes that are remembered, newest first.</summary>
    public IEnumerable<UndoRow> LoadChanges()
    {
        using var command = DatabaseCommands.Of(
            _connection,
            "SELECT version, at, resource, namespace, name, before, before_version, sum FROM changes " +
            "ORDER BY version DESC");
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var row = new UndoRow(
                reader.GetInt64(0),
                DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(1)),
                reader.GetString(2),
                reader.GetString(3),
                reader.GetString(4),
                reader.IsDBNull(5) ? null : (byte[])reader[5],
                reader.GetInt64(6));
            if (RowSum.Of(row) != reader.GetInt64(7))
                throw new InvalidDataException($"change {row.Version} is not as it was written");
            yield return row;
        }
    }

    /// <summary>All the changes or, when it throws, none; and forgets those up to a version.</summary>
    public void Write(IEnumerable<Change> changes, long lastVersion, long compacted)
    {
        _commands.Transact(() =>
        {
            foreach (var change in changes)
                _commands.Store(change);
            _commands.Forget(compacted);
            _commands.Keep(new Versions(lastVersion + Reserved, compacted));
        });
    }

    /// <summary>Gives unused versions back, so that an orderly end leaves no gap, and closes.</summary>
    public void Close(long lastVersion, long compacted)
    {
        try
        {
            if (Versions().Next > lastVersion)
                _commands.Keep(new Versions(lastVersion, compacted));
        }
        catch (SqliteException)
        {
            // A full or broken disk: the next start skips what was reserved.
        }

        Dispose();
    }

    public void Dispose()
    {
        _commands.Dispose();
        _connection.Dispose();
    }
}
