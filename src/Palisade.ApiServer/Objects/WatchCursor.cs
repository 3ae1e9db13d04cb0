using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Selecting;
using Palisade.ApiServer.Storage;

namespace Palisade.ApiServer.Objects;

/// <summary>Which objects of a resource a list or watch is about. Namespace null: all.</summary>
internal sealed record Selection(Resource Resource, string? Namespace, LabelSelection Labels, FieldSelection Fields)
{
    public bool HasSelectors => !Labels.IsEverything || !Fields.IsEverything;

    public bool Matches(StoredObject stored) =>
        (Namespace is null || stored.Key.Namespace == Namespace)
        && Labels.Matches(stored.Labels)
        && Fields.Matches(stored.Fields);

    public IEnumerable<StoredObject> From(StoreState state) =>
        state.Of(Resource).Values.Select(stored => stored.As(Resource)).Where(Matches);
}

/// <summary>An event of a watch.</summary>
internal readonly record struct WatchItem(ObjectEventType Type, StoredObject Object);

/// <summary>A watch's place in the change log.</summary>
/// <param name="log">The changes.</param>
/// <param name="selection">What it is about.</param>
/// <param name="version">Changes up to here have been seen.</param>
/// <param name="isEnd">Whether a change ends the watch; null: none does.</param>
internal sealed class WatchCursor(
    ChangeLog log, Selection selection, long version, Predicate<Change>? isEnd = null)
{
    // One batch is what a slow client can make this server hold on to.
    private const int BatchSize = 256;

    /// <summary>Every change up to here has been seen.</summary>
    public long Version { get; private set; } = version;

    /// <summary>Whether what was read is the last there will be.</summary>
    public bool IsOver { get; private set; }

    /// <summary>
    /// Events since the last call; null when changes were lost. Empty: wait for <paramref name="more"/>.
    /// </summary>
    public IReadOnlyList<WatchItem>? Read(out Task more)
    {
        var changes = log.After(Version, BatchSize, out more);
        if (changes is null)
            return null;
        var items = new List<WatchItem>();
        foreach (var change in changes)
        {
            if (change.Resource.Id == selection.Resource.Id && Translate(change) is { } item)
                items.Add(item);
            Version = change.Version;
            IsOver = isEnd?.Invoke(change) == true;
            if (IsOver)
                break;
        }

        // There may be more in the log already.
        if (changes.Count == BatchSize)
            more = Task.CompletedTask;
        return items;
    }

    // To a watcher with selectors an object appears when it begins to match and is gone when it ceases to.
    private WatchItem? Translate(Change change)
    {
        var before = change.Before?.As(selection.Resource);
        var after = change.After?.As(selection.Resource);
        var did = before is not null && selection.Matches(before);
        if (after is not null && selection.Matches(after))
            return new WatchItem(did ? ObjectEventType.Modified : ObjectEventType.Added, after);
        if (!did)
            return null;
        var last = change.Last?.As(selection.Resource)
            ?? StoredObject.Of(selection.Resource, before!.Parse(), change.Version);
        return new WatchItem(ObjectEventType.Deleted, last);
    }
}
