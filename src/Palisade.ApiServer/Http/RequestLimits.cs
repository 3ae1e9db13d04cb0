using System.Collections.Concurrent;
using Palisade.ApiServer.Access;

namespace Palisade.ApiServer.Http;

/// <summary>
/// How much is served at once, and how often one user is: what is beyond gets 429 and is asked to come again.
/// </summary>
/// <remarks>At once as kube-apiserver's defaults: 400 reads, 200 writes; watches and streams stay apart.</remarks>
internal sealed class RequestLimits(int requestsPerSecond, TimeProvider time)
{
    private const int MostReads = 400;
    private const int MostWrites = 200;
    private const int MostLasting = 4000;

    // How many seconds of requests a user may save up.
    private const int BurstSeconds = 2;
    private const int MostUsers = 10_000;
    private static readonly string[] _reading = ["get", "list", "head", "options"];
    private static readonly string[] _lasting = ["exec", "attach", "portforward", "log"];
    private readonly Room _reads = new(MostReads);
    private readonly Room _writes = new(MostWrites);
    private readonly Room _lastingRoom = new(MostLasting);
    private readonly ConcurrentDictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);

    /// <summary>Counts a request of a user, or refuses it.</summary>
    public void Count(User user)
    {
        if (!BucketOf(user.Name).Take(time.GetTimestamp()))
            throw Errors.TooManyRequests("Too many requests of this user, please try again later.");
    }

    /// <summary>Whether a place is needed only when the body is there: bodies may come slowly.</summary>
    public static bool HasBody(AccessRequest request) => !IsLasting(request) && !_reading.Contains(request.Verb);

    /// <summary>A place among those that are served, until it is disposed of.</summary>
    public IDisposable Enter(AccessRequest request)
    {
        var room = IsLasting(request) ? _lastingRoom : _reading.Contains(request.Verb) ? _reads : _writes;
        return room.Enter() ?? throw Errors.TooManyRequests("Too many requests, please try again later.");
    }

    private static bool IsLasting(AccessRequest request) =>
        request.Verb == "watch" || _lasting.Contains(request.Subresource);

    private Bucket BucketOf(string name)
    {
        // Impersonation makes up names; forgetting them gives nobody more than one burst.
        if (_buckets.Count > MostUsers)
            _buckets.Clear();
        return _buckets.GetOrAdd(name, _ => new Bucket(requestsPerSecond, time));
    }

    /// <summary>So many at once.</summary>
    private sealed class Room(int most)
    {
        private int _inside;

        public IDisposable? Enter()
        {
            if (Interlocked.Increment(ref _inside) <= most)
                return new Place(this);
            Interlocked.Decrement(ref _inside);
            return null;
        }

        private sealed class Place(Room room) : IDisposable
        {
            public void Dispose() => Interlocked.Decrement(ref room._inside);
        }
    }

    /// <summary>So many a second.</summary>
    private sealed class Bucket(int perSecond, TimeProvider time)
    {
        private readonly Lock _gate = new();
        private double _tokens = (double)perSecond * BurstSeconds;
        private long _filled = time.GetTimestamp();

        public bool Take(long now)
        {
            lock (_gate)
            {
                var passed = Math.Max(0, time.GetElapsedTime(_filled, now).TotalSeconds);
                _tokens = Math.Min((double)perSecond * BurstSeconds, _tokens + (passed * perSecond));
                _filled = Math.Max(_filled, now);
                if (_tokens < 1)
                    return false;
                _tokens--;
                return true;
            }
        }
    }
}
