using Palisade.ApiServer.Storage;

namespace Palisade.ApiServer.Http;

/// <summary>An object as one kind of watcher is shown it.</summary>
internal readonly record struct EventForm(
    StoredObject Stored, Negotiated Negotiated, string? IncludeObject, bool WithColumns);

/// <summary>
/// The last events in the forms that watchers asked for (rows of a Table, metadata only): a thousand watchers cost one
/// rendering. Whole objects need none.
/// </summary>
internal sealed class RenderedEvents
{
    // What watchers that are not behind share; together no more than a few hundred kilobytes for usual objects.
    private const int Most = 256;
    private readonly Lock _gate = new();
    private readonly Dictionary<EventForm, byte[]> _known = [];
    private readonly Queue<EventForm> _order = new();

    public byte[] Of(EventForm form, DateTimeOffset now)
    {
        lock (_gate)
        {
            if (_known.TryGetValue(form, out var known))
                return known;
        }

        var shown = JsonBytes.Of(Representation.One(
            form.Stored, form.Negotiated, form.IncludeObject, now, form.WithColumns));
        lock (_gate)
        {
            if (!_known.TryAdd(form, shown))
                return shown;
            _order.Enqueue(form);
            if (_order.Count > Most)
                _known.Remove(_order.Dequeue());
        }

        return shown;
    }
}
