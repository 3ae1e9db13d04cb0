using System.Collections.Immutable;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Wire;

namespace Palisade.Agent;

/// <summary>What is kept of an object: a few hundred bytes of the kilobytes that a pod has.</summary>
/// <param name="Value">What it means; null when it is of no account (a pod that has ended).</param>
/// <param name="Odd">What is odd about it.</param>
/// <param name="Metadata">Of the few objects whose uid or annotations are asked for.</param>
/// <param name="Defect">Why nothing could be made of it: for its reader to throw, not for who follows.</param>
internal sealed record Sighting<T>(
    T? Value, ImmutableArray<Diagnostic> Odd, WireObject? Metadata, Exception? Defect)
    where T : class;
