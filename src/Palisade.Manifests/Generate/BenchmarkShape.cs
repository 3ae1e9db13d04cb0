using System.Globalization;
using Palisade.Policy.Model;

namespace Palisade.Manifests.Generate;

/// <summary>
/// A kind of cluster to measure with; equal seeds give equal clusters.
/// </summary>
/// <remarks>
/// Here because the command and the benchmarks both need it, it knows how manifests are written, and the agent, which
/// loads Policy and Kubernetes but no manifests, must not carry it.
/// </remarks>
public abstract record BenchmarkShape
{
    private protected BenchmarkShape(string text) => Text = text;

    /// <summary>The shape as it is written on the command line.</summary>
    public string Text { get; }

    /// <summary>The shapes and what they stand for, for help texts.</summary>
    public const string Help = """
        real                           5,413 pods, 604 namespaces, 13,678 policies: the measured distribution of one
                                       production cluster (26 % of the policies select no pod)
        netpol-scale:A-B-C-D-E-F-G     100 namespaces of 10 pods or more, each with 10 ingress and 10 egress policies:
                                       A local pods, B pod selectors, C peer namespaces, D peer pods, E CIDRs,
                                       F single ports, G port ranges, each 0 to 50 (10-1-0-0-10-10-1)
        clusterloader                  3,000 pods, every third a target, and 1,000 load policies
        size:PODS,POLICIES,NAMESPACES  a mixed cluster of that size (size:100000,10000,5000)
        """;

    /// <summary>The cluster of a seed. Its objects have no origin.</summary>
    public abstract ClusterSnapshot Generate(ulong seed);

    /// <summary>The shape a text names; null and why when there is none.</summary>
    public static BenchmarkShape? TryParse(string text, out string why)
    {
        why = "";
        var (name, figures) = text.Split(':', 2) is [var before, var after] ? (before, after) : (text, null);
        switch (name, figures)
        {
            case ("real", null):
                return new RealShape();
            case ("clusterloader", null):
                return new ClusterLoaderShape();
            case ("netpol-scale", { } given):
                if (Numbers(given, '-', 7) is not { } profile)
                    why = "netpol-scale takes seven numbers, as in netpol-scale:10-1-0-0-10-10-1";
                else if (profile.Any(n => n > NetpolScaleShape.MostOfOneKind))
                    why = $"each number of netpol-scale is at most {NetpolScaleShape.MostOfOneKind}";
                else
                    return new NetpolScaleShape(text, profile);
                return null;
            case ("size", { } given):
                if (Numbers(given, ',', 3) is not [var pods, var policies, var namespaces])
                    why = "size takes three numbers, as in size:100000,10000,5000";
                else if (namespaces < 1 || pods < namespaces || pods > ClusterBuilder.MostPods)
                    why = $"size takes a namespace or more, a pod in each, at most {ClusterBuilder.MostPods} pods";
                else if (policies > ClusterBuilder.MostPods)
                    why = $"size takes at most {ClusterBuilder.MostPods} policies";
                else
                    return new SizeShape(text, pods, policies, namespaces);
                return null;
            default:
                why = $"\"{text}\" is no shape";
                return null;
        }
    }

    private static int[]? Numbers(string text, char separator, int count)
    {
        var parts = text.Split(separator);
        var numbers = new int[count];
        for (var i = 0; i < count; i++)
        {
            if (parts.Length != count
                || !int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
                return null;
        }

        return numbers;
    }
}
