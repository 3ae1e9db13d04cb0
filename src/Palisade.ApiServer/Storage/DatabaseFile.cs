using System.Buffers.Binary;
using Microsoft.Data.Sqlite;

namespace Palisade.ApiServer.Storage;

/// <summary>Whose file a database is, of which version, whether it is whole; and how a new one is laid out.</summary>
internal static class DatabaseFile
{
    // "PALI", in the file's header, where SQLite keeps a place for whose file it is.
    private const int ApplicationId = 0x50414C49;
    private const int SchemaVersion = 1;

    // https://sqlite.org/fileformat.html: the first 100 bytes.
    private const int HeaderSize = 100;
    private const int UserVersionAt = 60;
    private const int ApplicationIdAt = 68;

    // SQLITE_CORRUPT, SQLITE_FULL, SQLITE_NOTADB.
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int NotADatabase = 26;

    private const string Schema = """
        CREATE TABLE objects (
            resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
            version INTEGER NOT NULL, json BLOB NOT NULL, sum INTEGER NOT NULL,
            PRIMARY KEY (resource, namespace, name)) WITHOUT ROWID;
        CREATE TABLE changes (
            version INTEGER PRIMARY KEY, at INTEGER NOT NULL,
            resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
            before BLOB, before_version INTEGER NOT NULL, sum INTEGER NOT NULL);
        CREATE TABLE version (
            id INTEGER PRIMARY KEY CHECK (id = 0), reserved INTEGER NOT NULL, compacted INTEGER NOT NULL);
        INSERT INTO version VALUES (0, 1, 1);
        """;

    /// <summary>
    /// Refuses a file that is not ours, or whose log is damaged, by its bytes: SQLite would change even what it only
    /// opens.
    /// </summary>
    public static void Check(string file)
    {
        var header = new byte[HeaderSize];
        using (var handle = File.OpenHandle(file, FileMode.OpenOrCreate))
        {
            var length = RandomAccess.Read(handle, header, 0);
            if (length == 0)
                return;
            if (length < HeaderSize || !header.AsSpan().StartsWith("SQLite format 3\0"u8))
                throw Foreign(file, "it is no database");
        }

        if (BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(ApplicationIdAt)) != ApplicationId)
            throw Foreign(file, "it is the database of another program, or of a Palisade before 0.1.0");
        var version = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(UserVersionAt));
        if (version != SchemaVersion)
        {
            throw new IOException(
                $"{file} was written by a newer palisade (its format is {version}, this one reads {SchemaVersion}); " +
                "nothing was changed. Use that version, or another data directory");
        }

        if (WriteAheadLog.Damage(file + "-wal") is { } damage)
            throw Damaged(file, damage);
    }

    /// <summary>Makes a new file a database of ours, and sees that an old one is whole.</summary>
    public static void Prepare(SqliteConnection connection)
    {
        // Exclusive: no shared memory file, and another program that opens the database finds it locked.
        Execute(connection, "PRAGMA locking_mode=EXCLUSIVE");
        if ((long)Scalar(connection, "PRAGMA application_id") == 0)
        {
            // Before the write-ahead log, so that the header says it from the first moment.
            Execute(
                connection,
                $"BEGIN EXCLUSIVE; {Schema} PRAGMA application_id={ApplicationId}; " +
                $"PRAGMA user_version={SchemaVersion}; COMMIT");
        }

        Execute(connection, "PRAGMA journal_mode=WAL");
        Execute(connection, "PRAGMA synchronous=FULL");
        if (Scalar(connection, "PRAGMA quick_check(1)") is string found && found != "ok")
            throw new SqliteException(found, Corrupt);
    }

    /// <summary>What a failure at the start means, and what to do.</summary>
    public static Exception Refusal(string file, SqliteException e) => e.SqliteErrorCode switch
    {
        Corrupt => Damaged(file, e.Message, e),
        NotADatabase => Foreign(file, "it is no database", e),
        Full => new IOException($"{file} cannot be opened: the disk is full. Free some space and start again", e),
        _ => new IOException($"{file} cannot be opened as the object database: {e.Message}", e),
    };

    public static IOException Damaged(string file, string what, Exception? inner = null) => new(
        $"{file} is damaged ({what}); nothing was changed. Put a copy of it in its place, or move {file} and " +
        $"{Path.GetFileName(file)}-wal away to begin with an empty cluster",
        inner);

    /// <summary>Why a write failed, for those who wanted it.</summary>
    public static string WriteFailure(SqliteException e) => e.SqliteErrorCode == Full
        ? "the disk of the data directory is full: nothing can be written until some space is free; reading goes on"
        : $"the object database cannot be written ({e.Message}): look at the disk, and start the server again; " +
          "reading goes on";

    /// <summary>Whether the next write may succeed: a full disk gets room again, a broken one stays so.</summary>
    public static bool MayRecover(SqliteException e) => e.SqliteErrorCode == Full;

    private static IOException Foreign(string file, string why, Exception? inner = null) => new(
        $"{file} is not this server's object database: {why}; nothing was changed. Move it away, or use another data " +
        "directory",
        inner);

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = DatabaseCommands.Of(connection, sql);
        command.ExecuteNonQuery();
    }

    private static object Scalar(SqliteConnection connection, string sql)
    {
        using var command = DatabaseCommands.Of(connection, sql);
        return command.ExecuteScalar()!;
    }
}
