using Microsoft.Data.Sqlite;

namespace Palisade.ApiServer.Storage;

/// <summary>The statements of a write, prepared once.</summary>
internal sealed class DatabaseCommands : IDisposable
{
    private readonly SqliteCommand _begin;
    private readonly SqliteCommand _commit;
    private readonly SqliteCommand _rollback;
    private readonly SqliteCommand _put;
    private readonly SqliteCommand _remove;
    private readonly SqliteCommand _remember;
    private readonly SqliteCommand _forget;
    private readonly SqliteCommand _keep;

    public DatabaseCommands(SqliteConnection connection)
    {
        _begin = Of(connection, "BEGIN IMMEDIATE");
        _commit = Of(connection, "COMMIT");
        _rollback = Of(connection, "ROLLBACK");
        _put = Of(connection, "INSERT OR REPLACE INTO objects VALUES ($1, $2, $3, $4, $5, $6)", 6);
        _remove = Of(connection, "DELETE FROM objects WHERE resource = $1 AND namespace = $2 AND name = $3", 3);
        _remember = Of(connection, "INSERT INTO changes VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", 8);
        _forget = Of(connection, "DELETE FROM changes WHERE version <= $1", 1);
        _keep = Of(connection, "UPDATE version SET reserved = $1, compacted = $2", 2);
    }

    public static SqliteCommand Of(SqliteConnection connection, string sql, int parameters = 0)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 1; i <= parameters; i++)
            command.Parameters.Add(new SqliteParameter { ParameterName = $"${i}" });
        return command;
    }

    /// <summary>All that is done, or when it throws none of it.</summary>
    public void Transact(Action work)
    {
        Run(_begin);
        try
        {
            work();
            Run(_commit);
        }
        catch
        {
            RollBack();
            throw;
        }
    }

    public void Store(Change change)
    {
        var shown = change.Shown;
        var (resource, key) = (shown.Resource.Id, shown.Key);
        if (change.After is { } after)
        {
            var row = new Row(resource, key.Namespace, key.Name, after.Version, after.Json);
            Run(_put, resource, key.Namespace, key.Name, after.Version, after.Json, RowSum.Of(row));
        }
        else
        {
            Run(_remove, resource, key.Namespace, key.Name);
        }

        var at = DateTimeOffset.FromUnixTimeMilliseconds(change.At.ToUnixTimeMilliseconds());
        var undo = new UndoRow(
            change.Version, at, resource, key.Namespace, key.Name, change.Before?.Json, change.Before?.Version ?? 0);
        Run(
            _remember, undo.Version, at.ToUnixTimeMilliseconds(), resource, key.Namespace, key.Name,
            undo.Before ?? (object)DBNull.Value, undo.BeforeVersion, RowSum.Of(undo));
    }

    public void Forget(long upTo) => Run(_forget, upTo);

    public void Keep(Versions versions) => Run(_keep, versions.Next, versions.Compacted);

    public void Dispose()
    {
        foreach (var command in new[] { _begin, _commit, _rollback, _put, _remove, _remember, _forget, _keep })
            command.Dispose();
    }

    private void RollBack()
    {
        try
        {
            Run(_rollback);
        }
        catch (SqliteException)
        {
            // SQLite has rolled back by itself, as it does when the disk is full.
        }
    }

    private static void Run(SqliteCommand command, params ReadOnlySpan<object> values)
    {
        for (var i = 0; i < values.Length; i++)
            command.Parameters[i].Value = values[i];
        command.ExecuteNonQuery();
    }
}
