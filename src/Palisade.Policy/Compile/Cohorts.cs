using System.Diagnostics.CodeAnalysis;
using Palisade.Policy.Model;

namespace Palisade.Policy.Compile;

/// <summary>
/// Pods of one namespace with the same labels and the same named ports: whatever policies say, they stay in one class.
/// What is looked at again when mentions change are cohorts, not pods.
/// </summary>
internal sealed class Cohort(NamespaceEntry ns, PortList ports) : Labelled
{
    public NamespaceEntry Namespace { get; } = ns;

    public PortList Ports { get; } = ports;

    /// <summary>The ids of the pods, in no order.</summary>
    public List<int> Pods { get; } = [];

    /// <summary>Null until it is looked at.</summary>
    public EndpointClass? Class { get; set; }

    public int PlaceInNamespace { get; set; }

    public int PlaceInClass { get; set; }
}

/// <summary>The pods that live, grouped so that none of a group can be told from another.</summary>
internal sealed class Cohorts(LabelIndex labels, PortIndex ports)
{
    private readonly HashSet<Cohort> _cohorts = new(new SameCohort());
    private Cohort?[] _ofPod = [];
    private int[] _places = [];

    /// <summary>All of them, in no order.</summary>
    public IReadOnlyCollection<Cohort> All => _cohorts;

    public Cohort? OfPod(int id) => id < _ofPod.Length ? _ofPod[id] : null;

    /// <summary>Makes room for this many pods at once.</summary>
    public void Reserve(int pods)
    {
        Array.Resize(ref _ofPod, pods);
        Array.Resize(ref _places, pods);
    }

    /// <summary>The cohort that pods like this one are in, new if need be.</summary>
    public Cohort For(NamespaceEntry ns, Endpoint pod)
    {
        var of = labels.LabelsOf(pod.Labels);
        var list = ports.ListOf(pod.NamedPorts);
        var lookup = _cohorts.GetAlternateLookup<CohortKey>();
        if (lookup.TryGetValue(new(ns, of, list), out var cohort))
            return cohort;
        cohort = new(ns, list) { PlaceInNamespace = ns.Cohorts.Count };
        cohort.Take(of);
        list.Uses++;
        ns.Cohorts.Add(cohort);
        _cohorts.Add(cohort);
        labels.MakeStale(cohort);
        return cohort;
    }

    public void Join(Cohort cohort, int pod)
    {
        if (pod >= _ofPod.Length)
            Reserve(Math.Max(pod + 1, _ofPod.Length * 5 / 4));
        _ofPod[pod] = cohort;
        _places[pod] = cohort.Pods.Count;
        cohort.Pods.Add(pod);
    }

    /// <summary>Takes a pod out of its cohort, which may be empty then.</summary>
    public void Leave(int pod)
    {
        var pods = _ofPod[pod]!.Pods;
        var last = pods[^1];
        pods[_places[pod]] = last;
        _places[last] = _places[pod];
        pods.RemoveAt(pods.Count - 1);
        _ofPod[pod] = null;
    }

    /// <summary>Forgets a cohort without pods.</summary>
    public void Drop(Cohort cohort)
    {
        _cohorts.Remove(cohort);
        var siblings = cohort.Namespace.Cohorts;
        siblings[cohort.PlaceInNamespace] = siblings[^1];
        siblings[^1].PlaceInNamespace = cohort.PlaceInNamespace;
        siblings.RemoveAt(siblings.Count - 1);
        labels.Remove(cohort);
        cohort.Ports.Uses--;
        ports.Drop(cohort.Ports);
    }

    private readonly ref struct CohortKey(NamespaceEntry ns, ReadOnlySpan<Label> labels, PortList ports)
    {
        public NamespaceEntry Namespace { get; } = ns;

        public ReadOnlySpan<Label> Labels { get; } = labels;

        public PortList Ports { get; } = ports;

        public bool Is(Cohort cohort) => ReferenceEquals(Namespace, cohort.Namespace)
            && ReferenceEquals(Ports, cohort.Ports) && Labels.SequenceEqual(cohort.Labels);
    }

    private sealed class SameCohort : IEqualityComparer<Cohort>, IAlternateEqualityComparer<CohortKey, Cohort>
    {
        public bool Equals(Cohort? x, Cohort? y) => ReferenceEquals(x, y);

        public bool Equals(CohortKey alternate, Cohort other) => alternate.Is(other);

        public int GetHashCode([DisallowNull] Cohort obj) => Hash(obj.Namespace, obj.Labels);

        public int GetHashCode(CohortKey alternate) => Hash(alternate.Namespace, alternate.Labels);

        public Cohort Create(CohortKey alternate) => throw new NotSupportedException("cohorts are made by For");

        private static int Hash(NamespaceEntry ns, ReadOnlySpan<Label> labels) =>
            HashCode.Combine(ns.Name.Name.GetHashCode(StringComparison.Ordinal), LabelIndex.HashOf(labels));
    }
}
