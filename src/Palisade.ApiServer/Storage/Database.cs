using Microsoft.Data.Sqlite;

namespace Palisade.ApiServer.Storage;

/// <summary>A row as the database holds it.</summary>
internal readonly record struct Row(string Resource, string Namespace, string Name, long Version, byte[] Json);

/// <summary>
/// The objects on disk: SQLite in WAL mode. synchronous=FULL: a write is acknowledged when the log has reached the
/// disk, so it survives a power cut, not only a killed process; on the machines measured that costs about as much as
/// the rest of a write. One connection, used by one thread at a time (the store's lock).
/// </summary>
internal sealed class Database : IDisposable
{
    private readonly SqliteConnection _connection;

    private Database(SqliteConnection connection) => _connection = connection;

    public static Database Open(string file)
    {
        // Pooling off, so that closing closes; the directory's lock keeps other servers away.
        var text = new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString();
        var connection = new SqliteConnection(text);
        try
        {
            connection.Open();
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            var database = new Database(connection);
            database.Execute("PRAGMA journal_mode=WAL");
            database.Execute("PRAGMA synchronous=FULL");
            database.Execute("""
                CREATE TABLE IF NOT EXISTS objects (
                    resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
                    version INTEGER NOT NULL, json BLOB NOT NULL,
                    PRIMARY KEY (resource, namespace, name)) WITHOUT ROWID
                """);
            database.Execute(
                "CREATE TABLE IF NOT EXISTS version (id INTEGER PRIMARY KEY CHECK (id = 0), last INTEGER NOT NULL)");
            database.Execute("INSERT OR IGNORE INTO version VALUES (0, 1)");
            return database;
        }
        catch (SqliteException e)
        {
            connection.Dispose();
            throw new IOException($"{file} cannot be opened as the object database: {e.Message}", e);
        }
    }

    /// <summary>The last resourceVersion given out.</summary>
    public long LastVersion()
    {
        using var command = Command("SELECT last FROM version");
        return (long)command.ExecuteScalar()!;
    }

    public IEnumerable<Row> Load()
    {
        using var command = Command("SELECT resource, namespace, name, version, json FROM objects");
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            yield return new Row(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetInt64(3), (byte[])reader[4]);
        }
    }

    /// <summary>All the changes or, when it throws, none.</summary>
    public void Write(IReadOnlyList<Change> changes, long lastVersion)
    {
        using var transaction = _connection.BeginTransaction();
        foreach (var change in changes)
        {
            if (change.After is { } stored)
                Put(stored);
            else
                Remove(change.Before!);
        }

        using (var command = Command("UPDATE version SET last = $last"))
        {
            command.Parameters.AddWithValue("$last", lastVersion);
            command.ExecuteNonQuery();
        }

        transaction.Commit();
    }

    public void Dispose() => _connection.Dispose();

    private void Put(StoredObject stored)
    {
        using var command = Command(
            "INSERT OR REPLACE INTO objects VALUES ($resource, $namespace, $name, $version, $json)");
        AddKey(command, stored);
        command.Parameters.AddWithValue("$version", stored.Version);
        command.Parameters.AddWithValue("$json", stored.Json);
        command.ExecuteNonQuery();
    }

    private void Remove(StoredObject stored)
    {
        using var command = Command(
            "DELETE FROM objects WHERE resource = $resource AND namespace = $namespace AND name = $name");
        AddKey(command, stored);
        command.ExecuteNonQuery();
    }

    private static void AddKey(SqliteCommand command, StoredObject stored)
    {
        command.Parameters.AddWithValue("$resource", stored.Resource.Id);
        command.Parameters.AddWithValue("$namespace", stored.Key.Namespace);
        command.Parameters.AddWithValue("$name", stored.Key.Name);
    }

    private void Execute(string sql)
    {
        using var command = Command(sql);
        command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string sql)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        return command;
    }
}
