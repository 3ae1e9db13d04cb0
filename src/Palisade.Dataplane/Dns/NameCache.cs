using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Dns;

/// <summary>
/// The addresses of names that policies mention, each until its time is over; and those whose time is over, which keep
/// the connections they have.
/// </summary>
/// <remarks>
/// Bounds: addresses of a name, names below one *.SUFFIX (those whose time ends first make room), addresses in all
/// (what
/// is more is not learned). In all about 20 MB. Not for several threads at once.
/// </remarks>
internal sealed class NameCache
{
    /// <summary>
    /// A name is believed at least so long: an answer of zero seconds is for the connection that follows, whose first
    /// packets may come before the kernel knows of it; TCP sends them again after 1, 3 and 7 s.
    /// </summary>
    public static readonly TimeSpan LeastLifetime = TimeSpan.FromSeconds(10);

    /// <summary>And at most so long: an address that was given for years by mistake or malice is not kept for years.
    /// </summary>
    public static readonly TimeSpan GreatestLifetime = TimeSpan.FromHours(24);

    public const int MostAddressesOfName = 512;
    public const int MostNamesOfPattern = 1024;
    public const int MostAddresses = 65_536;
    public const int MostFormer = 16_384;

    private readonly Dictionary<string, Dictionary<Address, TimeSpan>> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _ofPattern = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _changed = new(StringComparer.Ordinal);
    private readonly HashSet<(string Name, Address Address)> _former = [];
    private readonly Queue<(string Name, Address Address)> _formerOrder = new();
    private MentionedNames _mentioned = new([]);
    private int _count;

    /// <summary>When the first address's time is over; null: there is none.</summary>
    public TimeSpan? NextEnd { get; private set; }

    /// <summary>Whether some name has other addresses than <see cref="TakeChanges"/> last said.</summary>
    public bool HasChanges => _changed.Count > 0;

    /// <summary>How often something was learned, prolonged or ended: what is saved is as of a number.</summary>
    public long Version { get; private set; }

    /// <summary>Each address that a name has, with its end; and those that names had, without.</summary>
    public IEnumerable<(string Name, Address Address, TimeSpan? End)> All =>
        _names.SelectMany(name => name.Value.Select(end => (name.Key, end.Key, (TimeSpan?)end.Value)))
            .Concat(_formerOrder.Where(_former.Contains).Select(pair => (pair.Name, pair.Address, (TimeSpan?)null)));

    /// <summary>All that is known.</summary>
    public ImmutableArray<DomainName> Known => [.. _names.Keys.Order(StringComparer.Ordinal).Select(Of)];

    /// <summary>Addresses that names had.</summary>
    public ImmutableArray<DomainName> Former =>
    [
        .. _former.GroupBy(pair => pair.Name, StringComparer.Ordinal)
            .Select(pairs => new DomainName(pairs.Key, [.. pairs.Select(pair => pair.Address).Order()])),
    ];

    /// <summary>What is mentioned from now on; everything else is forgotten.</summary>
    public void Mention(MentionedNames names)
    {
        _mentioned = names;
        foreach (var name in _names.Keys.Where(name => names.PatternOf(name) is null).ToList())
            Forget(name);
        _ofPattern.Clear();
        foreach (var name in _names.Keys)
            NamesOf(names.PatternOf(name)!).Add(name);
        if (_former.RemoveWhere(pair => names.PatternOf(pair.Name) is null) == 0)
            return;
        var left = _formerOrder.Where(_former.Contains).ToList();
        _formerOrder.Clear();
        left.ForEach(_formerOrder.Enqueue);
    }

    /// <summary>Notes that a name has an address for so long, bounded as above.</summary>
    public void Learn(string name, IEnumerable<(Address Address, TimeSpan Lifetime)> addresses, TimeSpan now)
    {
        if (_mentioned.PatternOf(name) is not { } pattern)
            return;
        foreach (var (address, lifetime) in addresses)
        {
            if (!IsOrdinary(address))
                continue;
            // Whole seconds: few ends to look at.
            var end = TimeSpan.FromSeconds(Math.Ceiling((now + Bounded(lifetime)).TotalSeconds));
            var ends = _names.GetValueOrDefault(name);
            if (ends is not null && ends.TryGetValue(address, out var before))
            {
                Version += end > before ? 1 : 0;
                ends[address] = end > before ? end : before;
                continue;
            }

            if (_count >= MostAddresses || ends?.Count >= MostAddressesOfName)
                continue;
            if (ends is null)
                _names[name] = ends = Begin(name, pattern);
            ends[address] = end;
            (_count, Version) = (_count + 1, Version + 1);
            _changed.Add(name);
            NextEnd = NextEnd < end ? NextEnd : end;
        }
    }

    /// <summary>Notes that a name that is mentioned had an address.</summary>
    public void Remember(string name, Address address)
    {
        if (_mentioned.PatternOf(name) is not null && IsOrdinary(address))
            BecomeFormer(name, address);
    }

    /// <summary>Forgets addresses whose time is over.</summary>
    public void Expire(TimeSpan now)
    {
        if (NextEnd is not { } next || next > now)
            return;
        NextEnd = null;
        foreach (var (name, ends) in _names)
        {
            foreach (var (address, end) in ends)
            {
                if (end <= now)
                    End(name, ends, address);
                else
                    NextEnd = NextEnd < end ? NextEnd : end;
            }
        }

        foreach (var name in _names.Where(pair => pair.Value.Count == 0).Select(pair => pair.Key).ToList())
            Forget(name);
    }

    /// <summary>The names that changed, as they are now; without addresses: none are known any more.</summary>
    public ImmutableArray<DomainName> TakeChanges()
    {
        ImmutableArray<DomainName> changes = [.. _changed.Select(Of)];
        _changed.Clear();
        return changes;
    }

    private static TimeSpan Bounded(TimeSpan lifetime) => lifetime < LeastLifetime
        ? LeastLifetime
        : lifetime > GreatestLifetime ? GreatestLifetime : lifetime;

    /// <summary>No pod means these by a name: nobody's, the host's own, everybody's.</summary>
    private static bool IsOrdinary(Address address)
    {
        var bytes = address.ToBytes();
        return address.Family == AddressFamily.V4
            ? bytes[0] is not (0 or 127 or >= 224)
            : address.Bits > 1 && bytes[0] != 0xff && !new System.Net.IPAddress(bytes).IsIPv4MappedToIPv6;
    }

    private DomainName Of(string name) =>
        new(name, _names.TryGetValue(name, out var ends) ? [.. ends.Keys.Order()] : []);

    private HashSet<string> NamesOf(string pattern)
    {
        if (!_ofPattern.TryGetValue(pattern, out var names))
            _ofPattern[pattern] = names = new(StringComparer.Ordinal);
        return names;
    }

    /// <summary>A place for a name; the one whose last address ends first goes where a pattern is full.</summary>
    private Dictionary<Address, TimeSpan> Begin(string name, string pattern)
    {
        var names = NamesOf(pattern);
        if (names.Count >= MostNamesOfPattern)
            Forget(names.MinBy(known => _names[known].Values.Max())!);
        names.Add(name);
        return [];
    }

    private void End(string name, Dictionary<Address, TimeSpan> ends, Address address)
    {
        ends.Remove(address);
        _count--;
        _changed.Add(name);
        BecomeFormer(name, address);
    }

    private void BecomeFormer(string name, Address address)
    {
        Version++;
        if (_former.Add((name, address)))
            _formerOrder.Enqueue((name, address));
        while (_formerOrder.Count > MostFormer)
            _former.Remove(_formerOrder.Dequeue());
    }

    private void Forget(string name)
    {
        var ends = _names[name];
        foreach (var address in ends.Keys)
            End(name, ends, address);
        _names.Remove(name);
        _changed.Add(name);
        if (_mentioned.PatternOf(name) is { } pattern)
            NamesOf(pattern).Remove(name);
    }
}
