using Palisade.ApiServer.Storage;

namespace Palisade.ApiServer.Controllers;

/// <summary>Who is owned by whom, by uid: kept from the changes of the store, one by one.</summary>
internal sealed class DependentIndex
{
    private readonly Dictionary<string, HashSet<(string Resource, ObjectKey Key)>> _byOwner =
        new(StringComparer.Ordinal);

    /// <summary>Those that name an owner's uid.</summary>
    public IReadOnlyCollection<(string Resource, ObjectKey Key)> Of(string uid) =>
        _byOwner.GetValueOrDefault(uid) is { } dependents ? [.. dependents] : [];

    /// <summary>Takes notice of one object's new state; null: there was none before, or is none any more.</summary>
    public void Change(StoredObject? before, StoredObject? after)
    {
        foreach (var uid in before?.Owners ?? [])
        {
            if (_byOwner.GetValueOrDefault(uid) is { } dependents && dependents.Remove(PlaceOf(before!))
                && dependents.Count == 0)
                _byOwner.Remove(uid);
        }

        foreach (var uid in after?.Owners ?? [])
        {
            if (!_byOwner.TryGetValue(uid, out var dependents))
                _byOwner[uid] = dependents = [];
            dependents.Add(PlaceOf(after!));
        }
    }

    public static (string Resource, ObjectKey Key) PlaceOf(StoredObject stored) => (stored.Resource.Id, stored.Key);
}
