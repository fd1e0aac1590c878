using Foretell.TestKit.Operations;

namespace Foretell.Tensors.Tests.Operations;

/// <summary>The reference's derivatives against finite differences, in double precision.</summary>
public class GradientTests
{
    public static TheoryData<string, Layout> Rows()
    {
        var rows = new TheoryData<string, Layout>();
        foreach (string name in OperationTable.Names)
        {
            foreach (Layout layout in Enum.GetValues<Layout>())
            {
                rows.Add(name, layout);
            }
        }
        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Gradient_EveryOperation_AgreesWithFiniteDifferences(string name, Layout layout)
    {
        Operation operation = OperationTable.Get(name);
        GradientCheck.Run(operation.Operands, operation.Build, layout, operation.IsLoss);
    }
}
