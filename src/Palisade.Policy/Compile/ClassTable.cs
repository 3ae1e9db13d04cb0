using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;

namespace Palisade.Policy.Compile;

/// <summary>
/// Pods that no policy can tell apart: they are in the same namespace as far as policies see, have the same labels and
/// named ports as far as policies mention them. Addresses are not part of it. What a class stands for never changes;
/// its pods come and go.
/// </summary>
public sealed class EndpointClass
{
    private ImmutableArray<int> _endpoints;

    internal EndpointClass(int id, NamespaceGroup group, RestrictedLabels labels, ImmutableArray<NamedPort> ports) =>
        (Id, Group, RestrictedLabels, NamedPorts) = (id, group, labels, ports);

    /// <summary>
    /// A small number. In a full compile classes are numbered from 0 in the order of their first pods; in an engine a
    /// class keeps its number while it has pods, and another may get it later.
    /// </summary>
    public int Id { get; }

    /// <summary>
    /// The namespace, if it holds policies or a policy names it; null: one of some that no policy tells apart.
    /// </summary>
    public string? Namespace => Group.Name?.Name;

    /// <summary>The labels of its namespace that policies mention, * as in <see cref="Labels"/>.</summary>
    public LabelSet NamespaceLabels => Group.Labels.Set;

    /// <summary>The labels that policies mention; * stands for a value that none of them compares with.</summary>
    public LabelSet Labels => RestrictedLabels.Set;

    /// <summary>The named ports that policies mention, sorted.</summary>
    public ImmutableArray<NamedPort> NamedPorts { get; }

    /// <summary>The ids of its pods now, ascending. O(pods) when they have changed since it was asked for.</summary>
    public ImmutableArray<int> Endpoints
    {
        get
        {
            if (_endpoints.IsDefault)
                _endpoints = [.. Cohorts.SelectMany(cohort => cohort.Pods).Order()];
            return _endpoints;
        }
    }

    internal NamespaceGroup Group { get; }

    internal RestrictedLabels RestrictedLabels { get; }

    internal List<Cohort> Cohorts { get; } = [];

    internal void ChangeMembers() => _endpoints = default;
}

/// <summary>
/// The classes of a cluster. Pods and mentions may change in any order; <see cref="Settle"/> then finds the classes of
/// all that may have another now.
/// </summary>
internal sealed class ClassTable
{
    private readonly record struct Signature(
        NamespaceGroup Group, RestrictedLabels Labels, ImmutableArray<NamedPort> Ports)
    {
        public bool Equals(Signature other) => ReferenceEquals(Group, other.Group)
            && ReferenceEquals(Labels, other.Labels) && Ports.AsSpan().SequenceEqual(other.Ports.AsSpan());

        public override int GetHashCode() => HashCode.Combine(
            Group.Labels.Id, Group.Name?.Name.GetHashCode(StringComparison.Ordinal), Labels.Id, Ports.Length,
            Ports.IsEmpty ? 0 : Ports[0].Number);
    }

    private readonly Dictionary<Signature, EndpointClass> _classes = [];
    private readonly Cohorts _cohorts;
    private readonly HashSet<EndpointClass> _emptied = [];
    private readonly Ids _ids = new();
    private readonly List<EndpointClass?> _byId = [];

    // By pod: the id of its class plus one, so that 0 is none.
    private int[] _ofPod = [];

    public ClassTable() => _cohorts = new(Pods, Ports);

    /// <summary>The labels of pods.</summary>
    public LabelIndex Pods { get; } = new();

    public NamespaceTable Namespaces { get; } = new();

    /// <summary>The named ports of pods.</summary>
    public PortIndex Ports { get; } = new();

    /// <summary>Told before the class of a pod changes with those of its cohort.</summary>
    public Action<int>? PodTouched { get; set; }

    /// <summary>Told before a class with named ports appears or vanishes.</summary>
    public Action<EndpointClass>? PortsTouched { get; set; }

    /// <summary>All ids of classes are below this.</summary>
    public int Limit => _byId.Count;

    /// <summary>The classes, in no order; some may be without pods until the change is over.</summary>
    public IReadOnlyCollection<EndpointClass> All => _classes.Values;

    /// <summary>Null where the id is free.</summary>
    public EndpointClass? ClassAt(int id) => _byId[id];

    /// <summary>-1 for hostNetwork pods and free ids.</summary>
    public int ClassOf(int pod) => pod < _ofPod.Length ? _ofPod[pod] - 1 : -1;

    /// <summary>Makes room for this many pods at once.</summary>
    public void Reserve(int pods)
    {
        _cohorts.Reserve(pods);
        Array.Resize(ref _ofPod, pods);
    }

    /// <summary>A pod that came or changed.</summary>
    public void Put(int id, Endpoint pod)
    {
        var now = pod.HostNetwork ? null : _cohorts.For(Namespaces.EntryOf(pod.Namespace), pod);
        if (ReferenceEquals(now, _cohorts.OfPod(id)))
            return;
        Remove(id);
        if (now is null)
            return;
        _cohorts.Join(now, id);
        if (id >= _ofPod.Length)
            Array.Resize(ref _ofPod, Math.Max(id + 1, _ofPod.Length * 5 / 4));
        now.Class?.ChangeMembers();
        _ofPod[id] = now.Class is { } of ? of.Id + 1 : 0;
    }

    /// <summary>A pod that is gone, or was never there.</summary>
    public void Remove(int id)
    {
        if (_cohorts.OfPod(id) is not { } cohort)
            return;
        _cohorts.Leave(id);
        _ofPod[id] = 0;
        cohort.Class?.ChangeMembers();
        if (cohort.Pods.Count > 0)
            return;
        Move(cohort, null);
        _cohorts.Drop(cohort);
        Namespaces.LosePods(cohort.Namespace);
    }

    /// <summary>Finds the classes of all that changed, and gives the classes that are new.</summary>
    public List<EndpointClass> Settle()
    {
        foreach (var entry in Namespaces.Settle())
        {
            foreach (var cohort in entry.Cohorts)
                Pods.MakeStale(cohort);
        }

        if (Ports.Stale.Count > 0)
        {
            foreach (var cohort in _cohorts.All.Where(cohort => Ports.Stale.Contains(cohort.Ports)))
                Pods.MakeStale(cohort);
        }

        Ports.Stale.Clear();
        var appeared = new List<EndpointClass>();
        foreach (var holder in Pods.Stale)
            Sign((Cohort)holder, appeared);
        Pods.Stale.Clear();
        return appeared;
    }

    /// <summary>Takes out the classes without pods. Their ids stay taken until the change is over.</summary>
    public List<EndpointClass> Sweep()
    {
        var vanished = new List<EndpointClass>();
        foreach (var pods in _emptied)
        {
            if (pods.Cohorts.Count > 0)
                continue;
            if (!pods.NamedPorts.IsEmpty)
            {
                PortsTouched?.Invoke(pods);
                Ports.Remove(pods);
            }

            _classes.Remove(new(pods.Group, pods.RestrictedLabels, pods.NamedPorts));
            pods.Group.Classes.Remove(pods);
            Namespaces.LoseClass(pods.Group);
            _byId[pods.Id] = null;
            vanished.Add(pods);
        }

        _emptied.Clear();
        return vanished;
    }

    /// <summary>Ends a change: forgets what nothing uses any more.</summary>
    public void Close(List<EndpointClass> vanished)
    {
        foreach (var pods in vanished)
        {
            _ids.Free(pods.Id);
            pods.RestrictedLabels.Uses--;
            Pods.Drop(pods.RestrictedLabels);
        }

        Namespaces.Close();
        Pods.Sweep();
    }

    private void Sign(Cohort cohort, List<EndpointClass> appeared)
    {
        cohort.IsStale = false;
        if (cohort.Pods.Count == 0)
            return;
        var signature = new Signature(cohort.Namespace.Group!, Pods.Restrict(cohort), Ports.Restrict(cohort.Ports));
        if (!_classes.TryGetValue(signature, out var pods))
            appeared.Add(pods = Add(signature));
        if (!ReferenceEquals(pods, cohort.Class))
            Move(cohort, pods);
    }

    private EndpointClass Add(Signature signature)
    {
        var pods = new EndpointClass(_ids.Take(), signature.Group, signature.Labels, signature.Ports);
        if (!pods.NamedPorts.IsEmpty)
        {
            PortsTouched?.Invoke(pods);
            Ports.Add(pods);
        }

        _classes[signature] = pods;
        pods.Group.Classes.Add(pods);
        pods.RestrictedLabels.Uses++;
        if (pods.Id == _byId.Count)
            _byId.Add(pods);
        else
            _byId[pods.Id] = pods;
        return pods;
    }

    private void Move(Cohort cohort, EndpointClass? to)
    {
        foreach (var pod in cohort.Pods)
        {
            PodTouched?.Invoke(pod);
            _ofPod[pod] = to is null ? 0 : to.Id + 1;
        }

        if (cohort.Class is { } from)
        {
            var last = from.Cohorts[^1];
            from.Cohorts[cohort.PlaceInClass] = last;
            last.PlaceInClass = cohort.PlaceInClass;
            from.Cohorts.RemoveAt(from.Cohorts.Count - 1);
            from.ChangeMembers();
            if (from.Cohorts.Count == 0)
                _emptied.Add(from);
        }

        cohort.Class = to;
        if (to is null)
            return;
        cohort.PlaceInClass = to.Cohorts.Count;
        to.Cohorts.Add(cohort);
        to.ChangeMembers();
    }
}
