using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Storage;

namespace Palisade.ApiServer.Resources;

/// <summary>
/// What Services have of a range: their cluster addresses, or their ports on nodes. Nothing is booked anywhere: what is
/// in use is what the Services say, read under the store's lock, so what a deleted one had is free at once.
/// </summary>
/// <param name="of">What a Service has, as texts.</param>
internal sealed class ServiceBookings(Func<JsonObject, IEnumerable<string>> of)
{
    // Asking every stored Service is cheap only when each is parsed once.
    private readonly ConditionalWeakTable<StoredObject, string[]> _read = [];

    /// <summary>What all but one Service have.</summary>
    public HashSet<string> ByOthers(JsonObject service, IEnumerable<StoredObject> all)
    {
        var own = StoredObject.KeyOf(service["metadata"]!.AsObject());
        return
        [
            .. all.Where(stored => stored.Key != own)
                .SelectMany(stored => _read.GetValue(stored, found => [.. of(found.Parse())])),
        ];
    }

    /// <summary>
    /// The number of a free one of <paramref name="room"/> places, null if there is none. Where the search begins
    /// follows from the Service, so that one that is made again most likely gets the same.
    /// </summary>
    public static int? Free(string seed, int room, Func<int, string> at, HashSet<string> used)
    {
        var start = (int)(BitConverter.ToUInt32(SHA256.HashData(Encoding.UTF8.GetBytes(seed))) % (uint)room);
        for (var tried = 0; tried < room; tried++)
        {
            var place = (start + tried) % room;
            if (!used.Contains(at(place)))
                return place;
        }

        return null;
    }
}
