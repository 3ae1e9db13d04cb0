using Palisade.Kubernetes.Convert;
using Palisade.Manifests;
using Palisade.Policy.Model;
using Xunit;

namespace Palisade.Kubernetes.Tests.ClusterPolicies;

/// <summary>Cluster policies in manifests: judged, refused or closed, and never lost for a name.</summary>
public sealed class ManifestTests
{
    private const string Cluster = "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\n";
    private const string Admin = "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\n";
    private const string Baseline = "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: BaselineAdminNetworkPolicy\n";

    [Fact]
    public void The_three_kinds_are_in_the_snapshot_even_of_one_name()
    {
        var set = ManifestSet.Parse(string.Join("\n---\n",
            Policy(Cluster, "default", Given.Head),
            Policy(Admin, "default", "priority: 2, " + Given.Subject),
            Policy(Baseline, "default", Given.Subject),
            Policy(Admin, "a", "priority: 3, " + Given.Subject)), "p.yaml");
        Assert.Empty(set.Diagnostics);
        Assert.All(set.Documents, document => Assert.True(document.Causes.IsEmpty && document.Namespace.Length == 0));
        Assert.Equal(
            [("a", ClusterTier.Admin, 3), ("default", ClusterTier.Admin, 1),
                ("default (AdminNetworkPolicy)", ClusterTier.Admin, 2),
                ("default (BaselineAdminNetworkPolicy)", ClusterTier.Baseline, 1001)],
            set.Snapshot.ClusterNetworkPolicies.Select(policy => (policy.Name, policy.Tier, policy.Priority)));
        Assert.Equal("p.yaml:1:1", set.Snapshot.ClusterNetworkPolicies[1].Origin.ToString());
    }

    [Theory]
    [InlineData("foo: 1, " + Given.Head, "PL-D011", "BadRequest")]
    [InlineData("tier: Top, priority: 1, " + Given.Subject, "PL-D012", "FieldValueNotSupported")]
    [InlineData("tier: [], priority: 1, " + Given.Subject, "PL-D012", "FieldValueTypeInvalid")]
    public void What_the_API_server_would_refuse_is_an_error_and_counts_closed(string spec, string id, string reason)
    {
        var set = ManifestSet.Parse(Policy(Cluster, "p", spec));
        var told = Assert.Single(set.Diagnostics, diagnostic => diagnostic.Severity == Severity.Error);
        Assert.Equal(id, told.Id);
        Assert.Equal(reason, Assert.Single(set.Documents[0].Causes).Reason);
        Assert.Single(set.Snapshot.ClusterNetworkPolicies);
        Assert.Empty(set.Refused);
    }

    [Fact]   // Left out, its Deny would be left out with it.
    public void A_refused_deny_still_denies()
    {
        var set = ManifestSet.Parse(Policy(Cluster, "p", Given.Egress("action: Deny, to: [{serviceAccounts: {}}]")));
        Assert.True(set.HasErrors);
        Assert.True(Assert.Single(Assert.Single(set.Snapshot.ClusterNetworkPolicies).Egress).NotUnderstood);
    }

    [Fact]
    public void What_the_definition_lets_through_is_told_once_and_closed()
    {
        var set = ManifestSet.Parse(Policy(Cluster, "p", Given.Egress("action: Deny, to: [{domainNames: [a.b]}]")));
        Assert.Equal("PL-D016", Assert.Single(set.Diagnostics).Id);
        Assert.Empty(set.Documents[0].Causes);
        Assert.Single(set.Documents[0].Warnings);
        Assert.True(Assert.Single(Assert.Single(set.Snapshot.ClusterNetworkPolicies).Egress).NotUnderstood);
    }

    [Fact]
    public void A_bare_letter_is_read_as_text_and_told()
    {
        var set = ManifestSet.Parse(Policy(Cluster, "p",
            "tier: Admin, priority: 1, subject: {namespaces: {matchLabels: {a: y}}}"));
        Assert.Equal("PL-D019", Assert.Single(set.Diagnostics).Id);
        Assert.Equal("FieldValueTypeInvalid", Assert.Single(set.Documents[0].Causes).Reason);
        Assert.Equal("a=y", Assert.Single(set.Snapshot.ClusterNetworkPolicies).Subject.Namespaces.ToString());
    }

    [Fact]
    public void The_last_of_two_objects_counts()
    {
        var set = ManifestSet.Parse(
            Policy(Cluster, "p", Given.Head) + "\n---\n"
            + Policy(Cluster, "p", "tier: Baseline, priority: 9, " + Given.Subject));
        Assert.Equal("PL-D014", Assert.Single(set.Diagnostics).Id);
        Assert.Equal(9, Assert.Single(set.Snapshot.ClusterNetworkPolicies).Priority);
    }

    private static string Policy(string kind, string name, string spec) =>
        $"{kind}metadata: {{name: {name}}}\nspec: {{{spec}}}";
}
