using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Palisade.ApiServer.Resources;
using ObjectMap = System.Collections.Immutable.ImmutableSortedDictionary<
    Palisade.ApiServer.Storage.ObjectKey, Palisade.ApiServer.Storage.StoredObject>;

namespace Palisade.ApiServer.Storage;

/// <summary>What a store begins with: its objects, and the changes that watches may still ask for.</summary>
/// <param name="State">All there is.</param>
/// <param name="Changes">Oldest first.</param>
/// <param name="Compacted">Changes up to this version are forgotten.</param>
internal sealed record LoadedStore(StoreState State, IReadOnlyList<Change> Changes, long Compacted)
{
    /// <exception cref="IOException">The database is damaged.</exception>
    public static LoadedStore From(Database database, ResourceRegistry registry)
    {
        try
        {
            var versions = database.Versions();
            var state = new StoreState(versions.Next, Objects(database, registry));
            return new LoadedStore(state, Recent(database, registry, state), versions.Compacted);
        }
        catch (SqliteException e)
        {
            throw DatabaseFile.Refusal(database.File, e);
        }
        catch (Exception e) when (e is JsonException or InvalidDataException)
        {
            throw DatabaseFile.Damaged(database.File, e.Message, e);
        }
    }

    private static ImmutableDictionary<string, ObjectMap> Objects(Database database, ResourceRegistry registry)
    {
        var loaded = new Dictionary<string, ObjectMap.Builder>(StringComparer.Ordinal);
        var custom = database.Load().Where(row => !Take(row, registry, loaded)).ToList();
        registry.ServeLoaded(loaded.GetValueOrDefault(registry.Definitions.Id)?.Values ?? []);
        // A resource this program does not know (written by another version of it) stays in the database, unseen.
        foreach (var row in custom)
            Take(row, registry, loaded);
        return loaded.ToImmutableDictionary(pair => pair.Key, pair => pair.Value.ToImmutable());
    }

    private static bool Take(Row row, ResourceRegistry registry, Dictionary<string, ObjectMap.Builder> loaded)
    {
        if (registry.ById(row.Resource) is not { } resource)
            return false;
        var key = new ObjectKey(row.Namespace, row.Name);
        if (!loaded.TryGetValue(row.Resource, out var objects))
            loaded[row.Resource] = objects = ObjectMap.Empty.ToBuilder();
        objects[key] = StoredObject.Loaded(resource, key, row.Version, row.Json);
        return true;
    }

    // Newest first: what a change made is what the next newer one found, or what there is now.
    private static List<Change> Recent(Database database, ResourceRegistry registry, StoreState state)
    {
        var changes = new List<Change>();
        var made = new Dictionary<(Resource, ObjectKey), StoredObject?>();
        foreach (var row in database.LoadChanges())
        {
            if (registry.ById(row.Resource) is not { } resource)
                continue;
            var key = new ObjectKey(row.Namespace, row.Name);
            var after = made.TryGetValue((resource, key), out var found)
                ? found
                : state.Of(resource).GetValueOrDefault(key);
            var before = row.Before is null ? null : StoredObject.Loaded(resource, key, row.BeforeVersion, row.Before);
            made[(resource, key)] = before;
            changes.Add(Change.Of(row.Version, before, after, row.At));
        }

        changes.Reverse();
        return changes;
    }
}
