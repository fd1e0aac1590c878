using Foretell.Tensors.Kernels.Reference;
using Foretell.TestKit.Operations;

namespace Foretell.Tensors.Tests.Operations;

/// <summary>Every operation on every backend against the reference in double precision, in every layout.</summary>
public class BackendTests
{
    /// <summary>Operands rounded to 8 bits err by 2⁻⁹ each; what several products in a row make of that.</summary>
    private const double RoundedTolerance = 0.03;

    /// <summary>The first of each family; its siblings must give its very bits.</summary>
    public static TheoryData<string, string> Rows() => RowsOf(Backends.All.Where(backend => First(backend) == backend));

    /// <summary>The siblings.</summary>
    public static TheoryData<string, string> FamilyRows() => RowsOf(Backends.All.Where(backend => First(backend) != backend));

    private static TheoryData<string, string> RowsOf(IEnumerable<BackendUnderTest> backends)
    {
        var rows = new TheoryData<string, string>();
        foreach (BackendUnderTest backend in backends)
        {
            foreach (string name in OperationTable.Names)
            {
                rows.Add(backend.Name, name);
            }
        }
        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void EveryOperation_OnEveryBackend_AgreesWithTheReference(string backendName, string name)
    {
        BackendUnderTest backend = Available(backendName);
        Operation operation = OperationTable.Get(name);
        double tolerance = backend.RoundsProducts && operation.MultipliesMatrices ? RoundedTolerance : operation.Tolerance;
        foreach (Layout layout in Enum.GetValues<Layout>())
        {
            using var reference = new OperationRun(new ReferenceBackend(), DType.Float64, operation.Operands, operation.Build, layout, operation.IsLoss);
            using var run = new OperationRun(backend.Create(), DType.Float32, operation.Operands, operation.Build, layout, operation.IsLoss);
            OperationResult wanted = reference.Run();
            OperationResult got = run.Run();
            Assert.Equal(wanted.Shape, got.Shape);
            AssertClose(wanted.Output, got.Output, tolerance, $"{layout}: output");
            for (int i = 0; i < wanted.Gradients.Length; i++)
            {
                AssertClose(wanted.Gradients[i], got.Gradients[i], tolerance, $"{layout}: gradient of operand {i}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(FamilyRows))]
    public void EveryOperation_OnOneFamily_GivesTheSameBits(string backendName, string name)
    {
        BackendUnderTest backend = Available(backendName);
        BackendUnderTest first = First(backend);
        Operation operation = OperationTable.Get(name);
        foreach (Layout layout in Enum.GetValues<Layout>())
        {
            using var one = new OperationRun(first.Create(), DType.Float32, operation.Operands, operation.Build, layout, operation.IsLoss);
            using var other = new OperationRun(backend.Create(), DType.Float32, operation.Operands, operation.Build, layout, operation.IsLoss);
            OperationResult wanted = one.Run();
            OperationResult got = other.Run();
            Assert.Equal(wanted.Output, got.Output);
            Assert.Equal(wanted.Gradients, got.Gradients);
        }
    }

    private static BackendUnderTest First(BackendUnderTest backend) => Backends.All.First(other => other.Family == backend.Family);

    private static BackendUnderTest Available(string name)
    {
        BackendUnderTest backend = Backends.Get(name);
        if (backend.Missing is not null)
        {
            Assert.Skip($"{name}: {backend.Missing}");
        }
        return backend;
    }

    /// <summary>Each error within a share of the array's largest element; a softmax or a difference may make that 0, hence a floor.</summary>
    private static void AssertClose(double[] wanted, double[] got, double tolerance, string what)
    {
        Assert.Equal(wanted.Length, got.Length);
        double largest = wanted.Aggregate(0.05, (max, value) => Math.Max(max, Math.Abs(value)));
        for (int i = 0; i < wanted.Length; i++)
        {
            Assert.True(Math.Abs(wanted[i] - got[i]) <= tolerance * largest, $"{what}, element {i} of {wanted.Length}: {got[i]:R}, wanted {wanted[i]:R}, largest {largest:G3}");
        }
    }
}
